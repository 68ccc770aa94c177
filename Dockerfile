# The keeper as a container: the program, the shared libraries it asks for, their licences, and nothing else. No shell, no package
# manager, no root.
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
# Which commit this is, for `--version`: docker build --build-arg KEEPER_COMMIT=$(git rev-parse --short=12 HEAD) .
ARG KEEPER_COMMIT=
# Without the demo, so that the simulator is not in the image.
RUN cargo build --profile dist --locked --no-default-features
# The image's whole content.
RUN set -e; root=/image; program=target/dist/fyers-keeper; \
    install -D -m 0755 "$program" "$root/usr/local/bin/fyers-keeper"; \
    ldd "$program" | grep -o '/[^ ]*' | while read -r library; do install -D -m 0755 "$library" "$root$library"; done; \
    mkdir -p "$root/etc" "$root/usr/share/doc/fyers-keeper"; \
    scripts/third-party >third-party; gzip -9 -n -c third-party >"$root/usr/share/doc/fyers-keeper/third-party.gz"; \
    echo 'hosts: files dns' >"$root/etc/nsswitch.conf"; \
    echo 'keeper:x:65532:65532::/data:/nonexistent' >"$root/etc/passwd"; \
    echo 'keeper:x:65532:' >"$root/etc/group"; \
    mkdir /data

FROM scratch
# The registry shows the repository beside the image.
LABEL org.opencontainers.image.source=https://github.com/fyers-keeper/fyers-keeper
COPY --from=build /image /
# Builders differ in whether a copy keeps its owner. A volume takes the owner from here.
COPY --from=build --chown=65532:65532 /data /data
# The one writable place: state, and the .env file if one is used.
USER 65532:65532
WORKDIR /data
# One arena of the allocator: what each thread keeps for itself would be as much again (tests/watch/worst.rs).
ENV KEEPER_STATE_DIR=/data/state PORT=8080 MALLOC_ARENA_MAX=1
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s --retries=3 CMD ["/usr/local/bin/fyers-keeper", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/fyers-keeper"]
CMD ["run"]
