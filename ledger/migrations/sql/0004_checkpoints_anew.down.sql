-- Going back needs nothing: checkpoints without the later columns are as good as they were.
SELECT 1;
