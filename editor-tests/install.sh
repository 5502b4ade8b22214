#!/usr/bin/env bash
# Builds the rust-analyzer that `cargo test -p pipeline-editor-tests` drives, into target/editor. Cold it takes two to four minutes on two
# cores, and half a gigabyte while it builds. It is a debug build: for a crate as small as the fixture it is fast enough, and it builds
# three times as fast. Later versions than this one need a newer rustc than 1.95.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.0.345
[[ -x target/editor/bin/rust-analyzer && "$(cat target/editor/version)" == "$version" ]] && exit
# It has some two hundred dependencies; a download that fails is tried again.
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=target/editor/build CARGO_NET_RETRY=10
cargo install ra_ap_rust-analyzer --version "$version" --locked --debug --no-track --force --root target/editor
rm -rf target/editor/build
echo "$version" >target/editor/version
