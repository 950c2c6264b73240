"""From polygons to a photograph: colours, textures, light, lens and sensor."""
