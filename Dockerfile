# One image of the daemon, with places as examples/systemd has them: docs/operations.md tells how it is built and run.
# tests/it/image.rs compares it with the repository and the program.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
# Cargo builds nothing without the benches that its manifest names.
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

# Every verb reads these settings; the environment goes before what they say.
ENV PASSERELLE_CONFIG=/etc/passerelle/passerelle.yaml
ENV PASSERELLE_DATA_DIR=/var/lib/passerelle
# From outside of the container nobody reaches its 127.0.0.1.
ENV PASSERELLE_LISTEN=0.0.0.0:8080

# By number: Kubernetes' runAsNonRoot cannot look a name up.
USER 10001:10001
WORKDIR /var/lib/passerelle
VOLUME /var/lib/passerelle
EXPOSE 8080
# What is in hand is ended first, within 25 seconds.
STOPSIGNAL SIGTERM
# No HEALTHCHECK: /healthz and /readyz are for who runs the container to ask, over HTTP.
ENTRYPOINT ["/usr/bin/passerelle"]
CMD ["serve"]
