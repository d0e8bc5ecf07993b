-- Going back needs nothing: checkpoints are as good without their numbers.
SELECT 1;
