#!/bin/sh
# Makes product.{r1cs,wasm,zkey} from product.circom. The setup's randomness is public: for tests only.
set -eu
cd "$(dirname "$0")"
bin=../../../node_modules/.bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$bin/circom2" product.circom --r1cs --wasm -o "$work"
"$bin/snarkjs" powersoftau new bn128 4 "$work/tau0"
"$bin/snarkjs" powersoftau contribute "$work/tau0" "$work/tau1" --name=test -e=public
"$bin/snarkjs" powersoftau prepare phase2 "$work/tau1" "$work/tau"
"$bin/snarkjs" groth16 setup "$work/product.r1cs" "$work/tau" "$work/zkey0"
"$bin/snarkjs" zkey contribute "$work/zkey0" product.zkey --name=test -e=public
cp "$work/zkey0" unfinished.zkey
cp "$work/product.r1cs" product.r1cs
cp "$work/product_js/product.wasm" product.wasm
