# vpce-doctor as a container job: an ECS task, a Kubernetes Job, `docker run --rm --read-only IMAGE secretsmanager`.
# Arguments are the command's own; the report goes to standard output, the verdict is the exit status.

# The Node that package.json pins, so that the image is built with what the tests ran with.
FROM node:26.10.0-trixie-slim AS build
WORKDIR /build
# Packages before sources: a change of the sources does not install them again.
COPY package.json package-lock.json ./
# Install scripts would only fetch the pinned Node a second time.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts ./scripts
COPY src ./src
# For `--version`; the build has no history to ask: --build-arg VPCE_DOCTOR_COMMIT=$(git rev-parse --short=12 HEAD)
ARG VPCE_DOCTOR_COMMIT=unknown
RUN npm run bundle

# Distroless: Node, glibc and CA certificates, no shell and no package manager. The bundle needs nothing else, and a job in a
# private subnet should bring no tools along for whoever breaks in. `nonroot` because probes need no privilege.
FROM gcr.io/distroless/nodejs26-debian13:nonroot
LABEL org.opencontainers.image.title="vpce-doctor" \
      org.opencontainers.image.description="Why a client in a VPC cannot use a service through its VPC endpoint" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="gcr.io/distroless/nodejs26-debian13:nonroot"
COPY --from=build /build/dist/vpce-doctor.mjs /build/dist/LICENSES.txt /app/
# By number: Kubernetes can check `runAsNonRoot` only then.
USER 65532:65532
# Node itself as first process: signals reach it, and it answers SIGTERM with a report.
ENTRYPOINT ["/nodejs/bin/node", "/app/vpce-doctor.mjs"]
