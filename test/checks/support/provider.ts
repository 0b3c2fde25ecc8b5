/**
 * Arguments of the AWS provider's resources, as its documentation lists them: website/docs/r/*.html.markdown of
 * hashicorp/terraform-provider-aws, read for this table. Only resources that fixes use are here: a fix that uses another one
 * has to add it, from the documentation.
 */
type Resource = {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** of these exactly one is given */
  readonly oneOf?: readonly string[];
  readonly blocks?: Readonly<Record<string, readonly string[]>>;
};

const RULE: Resource = {
  required: ['security_group_id', 'ip_protocol'],
  optional: ['description', 'from_port', 'to_port', 'tags'],
  oneOf: ['cidr_ipv4', 'cidr_ipv6', 'prefix_list_id', 'referenced_security_group_id'],
};

export const PROVIDER: Readonly<Record<string, Resource>> = {
  aws_vpc_security_group_ingress_rule: RULE,
  aws_vpc_security_group_egress_rule: RULE,
  aws_network_acl_rule: {
    required: ['network_acl_id', 'rule_number', 'protocol', 'rule_action'],
    optional: ['egress', 'from_port', 'to_port', 'icmp_type', 'icmp_code'],
    oneOf: ['cidr_block', 'ipv6_cidr_block'],
  },
  aws_route: {
    required: ['route_table_id'],
    optional: ['destination_cidr_block', 'destination_ipv6_cidr_block', 'destination_prefix_list_id'],
    oneOf: [
      'carrier_gateway_id',
      'core_network_arn',
      'egress_only_gateway_id',
      'gateway_id',
      'local_gateway_id',
      'nat_gateway_id',
      'network_interface_id',
      'transit_gateway_id',
      'vpc_endpoint_id',
      'vpc_peering_connection_id',
    ],
  },
  aws_vpc_endpoint: {
    required: ['service_name', 'vpc_id'],
    optional: [
      'auto_accept',
      'policy',
      'private_dns_enabled',
      'ip_address_type',
      'route_table_ids',
      'subnet_ids',
      'security_group_ids',
      'tags',
      'vpc_endpoint_type',
      'service_region',
    ],
    blocks: { dns_options: ['dns_record_ip_type', 'private_dns_only_for_inbound_resolver_endpoint'] },
  },
  aws_vpc_endpoint_policy: { required: ['vpc_endpoint_id'], optional: ['policy'] },
  aws_s3_bucket_policy: { required: ['bucket', 'policy'], optional: [] },
  aws_kms_key_policy: { required: ['key_id', 'policy'], optional: ['bypass_policy_lockout_safety_check'] },
  aws_sns_topic_policy: { required: ['arn', 'policy'], optional: [] },
  aws_secretsmanager_secret_policy: { required: ['secret_arn', 'policy'], optional: ['block_public_policy'] },
  aws_vpc_endpoint_route_table_association: { required: ['route_table_id', 'vpc_endpoint_id'], optional: [] },
  aws_vpc_endpoint_subnet_association: { required: ['vpc_endpoint_id', 'subnet_id'], optional: [] },
  aws_vpc_endpoint_private_dns: { required: ['private_dns_enabled', 'vpc_endpoint_id'], optional: ['region'] },
  aws_vpc_endpoint_connection_accepter: {
    required: ['vpc_endpoint_id', 'vpc_endpoint_service_id'],
    optional: ['region'],
  },
  aws_vpc: {
    required: ['cidr_block'],
    optional: ['instance_tenancy', 'enable_dns_support', 'enable_dns_hostnames', 'tags'],
  },
  aws_vpc_dhcp_options: {
    required: [],
    optional: [
      'domain_name',
      'domain_name_servers',
      'ntp_servers',
      'netbios_name_servers',
      'netbios_node_type',
      'tags',
    ],
  },
  aws_vpc_dhcp_options_association: { required: ['vpc_id', 'dhcp_options_id'], optional: [] },
  aws_vpc_block_public_access_exclusion: {
    required: ['internet_gateway_exclusion_mode'],
    optional: ['tags'],
    oneOf: ['vpc_id', 'subnet_id'],
  },
  aws_security_group: {
    required: [],
    optional: ['name', 'name_prefix', 'description', 'revoke_rules_on_delete', 'tags', 'vpc_id'],
  },
  aws_route53_zone: {
    required: ['name'],
    optional: ['comment', 'delegation_set_id', 'force_destroy', 'tags'],
    blocks: { vpc: ['vpc_id', 'vpc_region'] },
  },
  aws_route53_record: {
    required: ['zone_id', 'name', 'type'],
    optional: ['ttl', 'records', 'set_identifier', 'health_check_id', 'allow_overwrite'],
    blocks: { alias: ['name', 'zone_id', 'evaluate_target_health'] },
  },
  aws_route53_resolver_rule: {
    required: ['domain_name', 'rule_type'],
    optional: ['name', 'resolver_endpoint_id', 'tags'],
    blocks: { target_ip: ['ip', 'ipv6', 'port', 'protocol'] },
  },
  aws_route53_resolver_rule_association: { required: ['resolver_rule_id', 'vpc_id'], optional: ['name'] },
  aws_route53_resolver_firewall_domain_list: { required: ['name'], optional: ['domains', 'tags'] },
  aws_route53_resolver_firewall_rule: {
    required: ['name', 'action', 'firewall_domain_list_id', 'firewall_rule_group_id', 'priority'],
    optional: ['block_override_dns_type', 'block_override_domain', 'block_override_ttl', 'block_response'],
  },
  aws_vpc_peering_connection: {
    required: ['peer_vpc_id', 'vpc_id'],
    optional: ['peer_owner_id', 'auto_accept', 'peer_region', 'tags'],
  },
  aws_vpc_peering_connection_accepter: {
    required: ['vpc_peering_connection_id'],
    optional: ['auto_accept', 'tags'],
  },
  aws_ec2_transit_gateway_route: {
    required: ['destination_cidr_block', 'transit_gateway_route_table_id'],
    optional: ['transit_gateway_attachment_id', 'blackhole'],
  },
  aws_ec2_transit_gateway_route_table_association: {
    required: ['transit_gateway_attachment_id', 'transit_gateway_route_table_id'],
    optional: [],
  },
  aws_ec2_transit_gateway_vpc_attachment: {
    required: ['subnet_ids', 'transit_gateway_id', 'vpc_id'],
    optional: [
      'dns_support',
      'ipv6_support',
      'tags',
      'transit_gateway_default_route_table_association',
      'transit_gateway_default_route_table_propagation',
    ],
  },
  aws_ec2_transit_gateway_vpc_attachment_accepter: {
    required: ['transit_gateway_attachment_id'],
    optional: [
      'tags',
      'transit_gateway_default_route_table_association',
      'transit_gateway_default_route_table_propagation',
    ],
  },
  aws_nat_gateway: { required: ['subnet_id'], optional: ['allocation_id', 'connectivity_type', 'private_ip', 'tags'] },
  aws_eip: { required: [], optional: ['domain', 'instance', 'network_interface', 'public_ipv4_pool', 'tags'] },
  aws_eip_association: {
    required: [],
    optional: ['allocation_id', 'allow_reassociation', 'instance_id', 'network_interface_id', 'private_ip_address'],
  },
};

/** The meta-argument block of every resource. https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle */
export const LIFECYCLE = ['create_before_destroy', 'ignore_changes', 'prevent_destroy', 'replace_triggered_by'];
