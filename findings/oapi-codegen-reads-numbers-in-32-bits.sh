#!/usr/bin/env bash
# oapi-codegen makes float32 of `type: number` when the schema has no `format`. JSON numbers are decimal and OpenAPI sets no
# width without a format, so the input is valid; the generated client reads another amount than was sent, without an error.
# With `format: double` it makes float64: that is why our document says the width of every number.
#
# Needs Go 1.25 or newer. Prints the version, the generated types and what a program reads; fails when that changes.
set -euo pipefail

GENERATOR=github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen
VERSION=v2.8.2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > openapi.yaml <<'YAML'
openapi: 3.1.0
info: { title: Prices, version: "1" }
paths: {}
components:
  schemas:
    Price:
      type: object
      required: [plain, wide]
      properties:
        plain: { type: number }
        wide: { type: number, format: double }
YAML
cat > main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	var price Price
	if err := json.Unmarshal([]byte(`{"plain": 1234567.89, "wide": 1234567.89}`), &price); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%T %.2f, %T %.2f\n", price.Plain, price.Plain, price.Wide, price.Wide)
}
GO
cat > go.mod <<'MOD'
module example.org/prices

go 1.25.0
MOD

go run "$GENERATOR@$VERSION" -generate models,skip-prune -package main -o prices.gen.go openapi.yaml
read_back=$(go run .)

echo "oapi-codegen $VERSION, $(go version)"
echo "sent:  1234567.89 in a member of type number, and in one with format double"
grep -E '^\s+(Plain|Wide) ' prices.gen.go
echo "read:  $read_back"

expected='float32 1234567.88, float64 1234567.89'
if [ "$read_back" != "$expected" ]; then
  echo "changed: it was \"$expected\"" >&2
  exit 1
fi
