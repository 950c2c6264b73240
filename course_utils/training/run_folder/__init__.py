"""The run folder: what is in it, how it is written, and what is checked when it is read.

run.py        the folder: recipe, log, best network
schema.py     what config.json, state.json and log.csv hold
checkpoint.py everything that training needs to go on
network_file.py  a trained network, read without trusting the file
"""
