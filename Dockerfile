# An image of the daemon, with the same paths as examples/systemd; docs/operations.md explains how to build and
# run it. tests/it/repository/image.rs compares it with the repository and the program.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
# Cargo builds nothing without the benches named in its manifest.
COPY Cargo.toml Cargo.lock askama.toml ./
COPY benches benches
COPY examples examples
COPY migrations migrations
COPY rules rules
COPY schemas schemas
COPY src src
RUN cargo build --release --locked --bin passerelle

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /var/lib/passerelle --shell /usr/sbin/nologin passerelle \
    && install -d -o passerelle -g passerelle -m 0700 /var/lib/passerelle
COPY --from=build /src/target/release/passerelle /usr/bin/passerelle

# Every verb reads these settings; the environment overrides the file.
ENV PASSERELLE_CONFIG=/etc/passerelle/passerelle.yaml
ENV PASSERELLE_DATA_DIR=/var/lib/passerelle
# 127.0.0.1 cannot be reached from outside the container.
ENV PASSERELLE_LISTEN=0.0.0.0:8080

# By number: Kubernetes' runAsNonRoot cannot resolve a name.
USER 10001:10001
WORKDIR /var/lib/passerelle
VOLUME /var/lib/passerelle
EXPOSE 8080
# SIGTERM lets running work finish, for at most 25 s.
STOPSIGNAL SIGTERM
# No HEALTHCHECK: whoever runs the container queries /healthz and /readyz over HTTP.
ENTRYPOINT ["/usr/bin/passerelle"]
CMD ["serve"]
