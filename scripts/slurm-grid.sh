#!/bin/sh
#SBATCH --job-name=pal-grid
#SBATCH --output=pal-grid-%A-%a.log
#SBATCH --cpus-per-task=2
#SBATCH --mem-per-cpu=2G
#SBATCH --time=04:00:00
#SBATCH --signal=B:TERM@60
#
# A Slurm array's task: runs the line of its number in a grid's plan.
#
#   npm run pal --silent -- grid ... --threads 2 --plan > plan.txt
#   sbatch --array=1-$(wc -l < plan.txt) scripts/slurm-grid.sh plan.txt
#
# Options after sbatch go before those above; --cpus-per-task as --threads. A
# minute before the time is over the run is asked to stop: it saves, and the
# same sbatch goes on. The folder must be one that all machines see.
set -eu

fault() {
  echo "slurm-grid: $1" >&2
  exit 2
}

plan=${1-}
number=${SLURM_ARRAY_TASK_ID-}
[ -f "$plan" ] || fault "expected a plan's file, got \"$plan\"; make one with --plan"
case $number in
'' | *[!0-9]*) fault "expected SLURM_ARRAY_TASK_ID, got \"$number\"; run it by sbatch --array" ;;
esac
line=$(sed -n "${number}p" "$plan")
[ -n "$line" ] || fault "expected a line $number in $plan, got none; see sbatch --array above"

# In place of this shell, so that Slurm's signals reach the run.
exec sh -c "exec $line"
