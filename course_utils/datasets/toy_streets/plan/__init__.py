"""The street in metres: camera, plan, and what stands where."""
