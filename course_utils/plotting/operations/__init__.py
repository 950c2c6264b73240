"""Operations on tensors: upsampling, convolution matrices, overlap, pooling, receptive fields, softmax."""
