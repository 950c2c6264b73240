"""The things of a street as polygons: houses, trees, vehicles, people, poles."""
