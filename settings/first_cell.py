"""Run by every notebook's Python as it starts: a blank whose cell runs first of all is told to run those above it."""

try:
    from lstm_teach.unfinished import watch
except ImportError:  # another Python
    pass
else:
    watch()
    del watch
