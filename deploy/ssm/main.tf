# vpce-doctor by Systems Manager: the Command document, an association that runs it on hosts with a tag, the policy of the
# bucket with the binaries, and the least permission of the hosts. The same as cloudformation.yaml.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "binary_bucket" {
  description = "The bucket that holds vpce-doctor-linux-x64 and vpce-doctor-linux-arm64, in this Region"
  type        = string
}

variable "folder" {
  description = "The folder in that bucket"
  type        = string
  default     = "vpce-doctor"
}

variable "gateway_endpoint_id" {
  description = "The S3 gateway endpoint of the hosts; what comes through it may read the binaries without a signature"
  type        = string
}

variable "sha256_x64" {
  description = "From SHA256SUMS; empty where there are no x86_64 hosts"
  type        = string
  default     = ""
}

variable "sha256_arm64" {
  description = "From SHA256SUMS; empty where there are no arm64 hosts"
  type        = string
  default     = ""
}

variable "report_bucket" {
  description = "The bucket for whole reports"
  type        = string
}

variable "workloads" {
  description = "What every host is to reach, between spaces"
  type        = string
  default     = "session-manager"
}

variable "host_tag" {
  description = "Hosts with this tag are asked"
  type        = object({ name = string, value = string })
  default     = { name = "vpce-doctor", value = "yes" }
}

variable "rate" {
  description = "How often, half an hour at the least"
  type        = string
  default     = "rate(12 hours)"
}

variable "host_role_name" {
  description = "The role of the hosts' instance profile, which has AmazonSSMManagedInstanceCore already"
  type        = string
}

data "aws_partition" "current" {}

# The document with what is known here as its defaults: whoever sends it need not say again where the binaries are.
locals {
  document = jsondecode(file("${path.module}/vpce-doctor.json"))
  defaults = {
    Bucket      = var.binary_bucket
    Folder      = var.folder
    Sha256X64   = var.sha256_x64
    Sha256Arm64 = var.sha256_arm64
  }
  parameters = { for name, own in local.document.parameters : name => merge(own, { for key, value in local.defaults : "default" => value if key == name }) }
}

resource "aws_ssm_document" "vpce_doctor" {
  name            = "vpce-doctor"
  document_type   = "Command"
  document_format = "JSON"
  target_type     = "/AWS::EC2::Instance"
  content         = jsonencode(merge(local.document, { parameters = local.parameters }))
}

resource "aws_ssm_association" "vpce_doctor" {
  association_name    = "vpce-doctor"
  name                = aws_ssm_document.vpce_doctor.name
  schedule_expression = var.rate
  max_concurrency     = "10%"
  max_errors          = "100%"

  targets {
    key    = "tag:${var.host_tag.name}"
    values = [var.host_tag.value]
  }

  parameters = {
    Bucket       = var.binary_bucket
    Folder       = var.folder
    Sha256X64    = var.sha256_x64
    Sha256Arm64  = var.sha256_arm64
    Workloads    = var.workloads
    ReportBucket = var.report_bucket
  }
}

# Not public in the sense of Block Public Access: aws:SourceVpce has a fixed value.
data "aws_iam_policy_document" "binaries" {
  statement {
    sid       = "HostsReadTheBinaries"
    actions   = ["s3:GetObject"]
    resources = ["arn:${data.aws_partition.current.partition}:s3:::${var.binary_bucket}/${var.folder}/vpce-doctor-linux-*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceVpce"
      values   = [var.gateway_endpoint_id]
    }
  }
}

resource "aws_s3_bucket_policy" "binaries" {
  bucket = var.binary_bucket
  policy = data.aws_iam_policy_document.binaries.json
}

data "aws_iam_policy_document" "reports" {
  statement {
    sid       = "VpceDoctorWritesReports"
    actions   = ["s3:PutObject"]
    resources = ["arn:${data.aws_partition.current.partition}:s3:::${var.report_bucket}/vpce-doctor-reports/*"]
  }
}

resource "aws_iam_role_policy" "reports" {
  name   = "vpce-doctor-reports"
  role   = var.host_role_name
  policy = data.aws_iam_policy_document.reports.json
}
