"""Networks and what happens inside them: drawings, context, CRFs, reconstruction, gates, training curves."""
