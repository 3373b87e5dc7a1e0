"""A made-up lesson of all four kinds of exercise, small and fast, for the tests of grading."""
