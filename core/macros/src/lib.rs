//! Derive macros of wingman-core: `Event` for payloads, `Emit` for enums of what a handler emits.
//!
//! Both exist twice, because a program imports either `wingman_core` or `wingman_hub`, and the
//! code that a macro writes must name the crate that is there.

mod emit;
mod event;

use proc_macro::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

/// Implements `wingman_core::event::Event`: `#[event(name = "Name", version = 1)]`, both optional;
/// the name is the struct's and the version 1 unless said otherwise.
#[proc_macro_derive(Event, attributes(event))]
pub fn event(input: TokenStream) -> TokenStream {
    expand(input, |input| event::derive(input, &quote!(::wingman_core)))
}

/// [`macro@Event`] for programs that import `wingman_hub`.
#[proc_macro_derive(HubEvent, attributes(event))]
pub fn hub_event(input: TokenStream) -> TokenStream {
    expand(input, |input| event::derive(input, &quote!(::wingman_hub::core)))
}

/// Implements `wingman_core::handler::Emit` for an enum whose variants each hold one value that
/// is `Emit`.
#[proc_macro_derive(Emit)]
pub fn emit(input: TokenStream) -> TokenStream {
    expand(input, |input| emit::derive(input, &quote!(::wingman_core)))
}

/// [`macro@Emit`] for programs that import `wingman_hub`.
#[proc_macro_derive(HubEmit)]
pub fn hub_emit(input: TokenStream) -> TokenStream {
    expand(input, |input| emit::derive(input, &quote!(::wingman_hub::core)))
}

fn expand(
    input: TokenStream,
    derive: impl Fn(DeriveInput) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    derive(input).unwrap_or_else(|error| error.to_compile_error()).into()
}
