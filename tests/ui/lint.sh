#!/bin/sh
# ESLint and Stylelint over the browser's files, with the Node.js of the browser tests.
set -eu
cd "$(dirname "$0")/../.."
modules=tests/ui/node_modules
node=$(ls "$modules"/node-linux-*/bin/node 2>/dev/null || echo node)
"$node" "$modules/eslint/bin/eslint.js" --config tests/ui/eslint.config.mjs static/js tests/ui
"$node" "$modules/stylelint/bin/stylelint.mjs" --config tests/ui/stylelint.config.mjs 'static/css/*.css'
