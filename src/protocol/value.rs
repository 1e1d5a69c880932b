//! Typed values: checking, comparison, dateTime, case folding.
