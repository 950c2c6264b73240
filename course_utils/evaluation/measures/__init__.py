"""What is measured: the confusion matrix, IoU, iIoU, boundary F, crops by distance, checkerboards."""
