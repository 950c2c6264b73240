"""Training by several replicas of one network, on the GPUs of a machine or on several machines.

cluster.py    which workers there are: TF_CONFIG, or the variables of SLURM
meeting.py    workers wait for one another, talk, and notice when one is gone
replicas.py   one network, or several copies of it that stay equal
steps.py      a training step of all replicas
"""
