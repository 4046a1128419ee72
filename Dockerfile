# The server in an image without shell, package manager or compiler: the program, the libraries it links, the authorities
# that it trusts. It runs as user 10001 and writes below /var/lib/callboard and /tmp alone.
ARG RUST_IMAGE=docker.io/library/rust:1.95-slim-bookworm
ARG DEBIAN_IMAGE=docker.io/library/debian:bookworm-slim

# hadolint ignore=DL3006
FROM ${RUST_IMAGE} AS program
# A program in this folder that was compiled elsewhere, to be taken in place of compiling the tree.
ARG PROGRAM=
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    if [ -z "$PROGRAM" ]; then cargo build --locked --release --bin callboard; fi \
    && install -D "${PROGRAM:-target/release/callboard}" /out/callboard

# hadolint ignore=DL3006
FROM ${DEBIAN_IMAGE} AS image
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# The newest authorities are wanted, so their package has no version.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
COPY --from=program /out/callboard /image/usr/local/bin/callboard
WORKDIR /image
RUN chmod 755 usr/local/bin/callboard \
    && ldd usr/local/bin/callboard | grep -o '/[^ ]*' | while read -r library; do \
        install -D "$(readlink -f "$library")" ".$library"; \
    done \
    && install -D /etc/ssl/certs/ca-certificates.crt etc/ssl/certs/ca-certificates.crt \
    && echo 'callboard:x:10001:10001::/var/lib/callboard:/sbin/nologin' > etc/passwd \
    && echo 'callboard:x:10001:' > etc/group \
    && echo 'hosts: files dns' > etc/nsswitch.conf \
    && install -d -m 1777 tmp \
    && install -d -o 10001 -g 10001 -m 700 var/lib/callboard

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Callboard" \
      org.opencontainers.image.description="A durable, supervised job server for multi-agent work" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=image /image /
COPY --from=image --chown=10001:10001 /image/var/lib/callboard /var/lib/callboard
ENV PATH=/usr/local/bin \
    CALLBOARD_SERVER__LISTEN=0.0.0.0:7070 \
    CALLBOARD_STORE__DATA_DIR=/var/lib/callboard \
    CALLBOARD_LOG__FORMAT=json
USER 10001:10001
WORKDIR /var/lib/callboard
VOLUME ["/var/lib/callboard"]
EXPOSE 7070
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 CMD ["callboard", "health"]
ENTRYPOINT ["callboard"]
CMD ["serve"]
