#!/usr/bin/env bash
# The smallest job there is: it takes a moment and leaves one file.
set -eu
sleep "${HELLO_SECONDS:-2}"
echo 'Computation complete!' > output.txt
