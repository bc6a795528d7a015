//! One name for "built as models", in whichever form.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(modelled)");
    let forms = ["LOOM", "SHUTTLE", "STRESS"];
    let is_on = |form: &&str| std::env::var_os(format!("CARGO_CFG_POOLBRIDGE_{form}")).is_some();
    match forms.iter().filter(|form| is_on(form)).count() {
        0 => {}
        1 => println!("cargo::rustc-cfg=modelled"),
        _ => panic!("models have one form at a time: loom, shuttle or stress"),
    }
}
