#!/usr/bin/env bash
# Once, in a new container: Python with pip for the engine and JupyterLab, the
# kernel for VS Code's notebooks.
set -euo pipefail
sudo apt-get update
sudo apt-get install -y --no-install-recommends python3 python3-pip python3-venv
npm run setup
npm run kernel
npm run lab -- --setup-only
