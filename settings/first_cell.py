"""Run by each notebook's Python as it starts: whoever runs a blank's cell first is told to run the cells above it."""

try:
    from lstm_teach.unfinished import watch
except ImportError:  # another Python
    pass
else:
    watch()
    del watch
