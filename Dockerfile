# Airbyte's Python connector base: Python 3.11, user airbyte (1000:1000). Pinned by digest, as in metadata.yaml.
ARG BASE_IMAGE=airbyte/python-connector-base:4.0.2@sha256:9fdb1888c4264cf6fee473649ecb593f56f58e5d0096a87ee0b231777e2e3e73

FROM ${BASE_IMAGE} AS builder
# Only the builder writes to /opt; the image below runs as 1000.
# hadolint ignore=DL3002
USER 0
WORKDIR /build
# The locked packages first: they change less often than the code, and their layer is cached.
COPY requirements.lock ./
RUN python -m venv /opt/connector \
    && /opt/connector/bin/python -m pip install --no-cache-dir --no-compile --require-hashes --no-deps -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY schemas ./schemas
COPY source_lms_reports ./source_lms_reports
# Byte code is written here, because the connector's user cannot write it later. pip and the packages' own tests stay behind.
RUN /opt/connector/bin/python -m pip install --no-cache-dir --no-compile --no-deps . \
    && /opt/connector/bin/python -m pip uninstall --yes pip \
    && find /opt/connector -type d -name tests -prune -exec rm -rf {} + \
    && env -u PYTHONDONTWRITEBYTECODE python -m compileall -q -j 0 /opt/connector

FROM ${BASE_IMAGE}
ARG VERSION=0.1.0
LABEL io.airbyte.name=airbyte/source-lms-reports \
      io.airbyte.version=${VERSION} \
      org.opencontainers.image.title=source-lms-reports \
      org.opencontainers.image.licenses=MIT
WORKDIR /airbyte/integration_code
COPY --from=builder /opt/connector /opt/connector
ENV PATH=/opt/connector/bin:${PATH} \
    AIRBYTE_ENTRYPOINT=/opt/connector/bin/source-lms-reports
USER 1000
ENTRYPOINT ["/opt/connector/bin/source-lms-reports"]
