"""Networks from the inside: architecture, context, random fields, reconstruction, boundaries, training."""
