#!/bin/sh
# Installs the program fyers-keeper from a release, after its checksum has been compared:
#
#   curl -fsSL https://github.com/fyers-keeper/fyers-keeper/releases/latest/download/install.sh | sh
#   sh install.sh 0.1.0           another version
#
# KEEPER_BIN       where the program goes: /usr/local/bin for root, else ~/.local/bin
# KEEPER_RELEASES  where releases are: another address for a mirror of them
#
# It makes no service and no user: on Debian and Ubuntu take the .deb of the same release for that.
set -eu

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

fetch() {
    if command -v curl >/dev/null; then
        curl -fsSL --retry 2 --proto "=${releases%%:*}" --output "$2" "$1"
    elif command -v wget >/dev/null; then
        wget -q --tries=3 --output-document="$2" "$1"
    else
        fail "needs curl or wget"
    fi || fail "$1 cannot be downloaded. Nothing was installed."
}

# In a function, so that a script that arrives cut off does nothing.
main() {
    version=${1:-0.1.0}
    releases=${KEEPER_RELEASES:-https://github.com/fyers-keeper/fyers-keeper/releases/download}
    if [ "$(id -u)" = 0 ]; then bin=/usr/local/bin; else bin=${HOME:?}/.local/bin; fi
    bin=${KEEPER_BIN:-$bin}

    case "$version" in *[!0-9A-Za-z.+~-]*) fail "$version is not a version" ;; esac
    [ "$(uname -s)" = Linux ] || fail "the keeper runs on Linux: on Windows in WSL2, else in Docker (docs/START.md)"
    case "$(uname -m)" in
    x86_64 | amd64) arch=amd64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "there is no program for $(uname -m): build it from source (docs/START.md)" ;;
    esac

    name=fyers-keeper-$version-linux-$arch.tar.gz
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    fetch "$releases/v$version/$name" "$work/$name"
    fetch "$releases/v$version/$name.sha256" "$work/sum"

    # The sum alone: what else is in that file names no file of ours.
    expected=$(cut -d ' ' -f 1 "$work/sum")
    actual=$(sha256sum "$work/$name" | cut -d ' ' -f 1)
    [ "$actual" = "$expected" ] || fail "$name is not what was released: its SHA-256 is $actual. Nothing was installed."

    tar -xzf "$work/$name" -C "$work" "fyers-keeper-$version/fyers-keeper"
    mkdir -p "$bin"
    # A new file under the old name: a keeper that runs goes on with the old one until it is started again.
    cp "$work/fyers-keeper-$version/fyers-keeper" "$bin/.fyers-keeper.new"
    chmod 0755 "$bin/.fyers-keeper.new"
    mv -f "$bin/.fyers-keeper.new" "$bin/fyers-keeper"

    echo "$("$bin/fyers-keeper" --version) is in $bin."
    case ":$PATH:" in *":$bin:"*) ;; *) echo "That folder is not in your PATH: export PATH=\"$bin:\$PATH\"" ;; esac
    echo "In a folder of its own:  fyers-keeper init   sets it up,  fyers-keeper run   starts it."
}

main "$@"
