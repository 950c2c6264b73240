"""The library behind the course on semantic segmentation.

Imports run one way, from the top down: `cli` > `commands` > `widgets`, `notebooks` > `plotting`, `training` >
`evaluation`, `models`, `datasets` > `layers`, `matrices`, `labels`. A module imports only from floors below its own.
"""
