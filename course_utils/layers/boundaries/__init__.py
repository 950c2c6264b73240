"""Where classes meet: image gradients, edges of label maps, and the gates of Gated-SCNN."""
