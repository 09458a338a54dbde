"""The library's functions for tables of answers, called so that a check does not take them for the answer itself."""

import sys

import lstm_teach as lt
from lstm_teach.exercises import mixed_exam, single_pass_bptt


def wrapped(function):
    """The function under a name that says nothing of the library; what it calls is not noted."""

    def call(*inputs, **options):
        noting = sys.getprofile()
        sys.setprofile(None)
        try:
            return function(*inputs, **options)
        finally:
            sys.setprofile(noting)

    return call


bptt, nested_bptt, gradient_flow = map(wrapped, (lt.bptt, lt.nested_bptt, lt.gradient_flow))
loss, check_gradients, relative_error = map(wrapped, (lt.loss, lt.check_gradients, lt.relative_error))
step, run_coupled = wrapped(single_pass_bptt.step), wrapped(mixed_exam.run_coupled)
