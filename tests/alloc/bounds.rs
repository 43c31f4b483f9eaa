//! What must not compile.

#[test]
#[cfg_attr(miri, ignore = "runs the compiler")]
fn what_must_not_compile_does_not() {
    trybuild::TestCases::new().compile_fail("tests/alloc/rejected/*.rs");
}
