"""For each exercise right and wrong answers as learners write them, one module for each topic.

RIGHT[check][style] is a function that the check accepts. WRONG[check][mistake] is a pair: a function that it rejects,
and words that its verdict must say.
"""
