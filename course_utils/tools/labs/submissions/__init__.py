"""What students hand in, read with distrust: files, answers, and copies that are safe to look at."""
