#!/bin/bash
# PSPNet on four GPUs of each of two nodes. Submit it with `sbatch slurm.sh`, and again to go on where it stopped.
#SBATCH --job-name=pspnet
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=16
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --output=%x-%j.log

set -eu
run="$HOME/runs/pspnet"       # written by the first task alone
data="$HOME/data/cityscapes"  # read by all of them

resume=""
if [ -e "$run/config.json" ]; then resume="--resume"; fi

# One task per node, which uses all GPUs of it. When one ends with an error, all do.
srun --kill-on-bad-exit=1 course train PSPNet --dataset cityscapes --data-dir "$data" --output "$run" --epochs 200 \
    --batch-size 16 --strategy multiworker --wait 600 $resume
