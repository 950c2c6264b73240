"""Operations on tensors: resampling, convolution matrices, overlaps, pooling, receptive fields, softmax."""
