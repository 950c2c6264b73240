"""Upsampling: zero insertion and the filters that follow it, sub-pixel convolution, resizing and cropping."""
