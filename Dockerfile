# The keeper as a container: built on Debian bookworm with stable Rust, run without root and without a shell's help.
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
# Without the demo, so that the simulator is not in the image.
RUN cargo build --profile dist --locked --no-default-features && mkdir -p /data

FROM debian:bookworm-slim
COPY --from=build /src/target/dist/fyers-keeper /usr/local/bin/fyers-keeper
# The one writable place: state, and the .env file if one is used.
COPY --from=build --chown=65532:65532 --chmod=0700 /data /data
USER 65532:65532
WORKDIR /data
ENV KEEPER_STATE_DIR=/data/state KEEPER_ENV_FILE=/data/.env PORT=8080
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s --retries=3 CMD ["/usr/local/bin/fyers-keeper", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/fyers-keeper"]
CMD ["run"]
