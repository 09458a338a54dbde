"""The same as test_lessons_in_lab.py for the rest, except the exercises that test_exercises.py opens and runs."""

from test_lessons_in_lab import (  # noqa: F401
    EARLY,
    lessons,
    new_page,
    pytestmark,
    test_a_numbered_lesson_has_an_explorer,
    test_every_control_has_a_name_for_a_screen_reader,
    test_every_control_works,
    test_in_a_narrow_window_nothing_is_cut_off_or_too_small,
    test_lesson_runs_without_an_error,
    test_the_tabulator_key_reaches_every_control_in_reading_order,
)

lesson = lessons(rf"(?!{EARLY})notebooks/(?!exercises/0[17]_)")
