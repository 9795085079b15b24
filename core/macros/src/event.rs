//! `#[derive(Event)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, LitInt, LitStr, Result};

/// The implementation for one payload type; `core` is where the trait is found.
pub(crate) fn derive(input: DeriveInput, core: &TokenStream) -> Result<TokenStream> {
    if !input.generics.params.is_empty() {
        let text = "an event has one type name, so its payload cannot be generic";
        return Err(Error::new_spanned(&input.generics, text));
    }
    let (name, version) = attributes(&input)?;
    let ident = &input.ident;
    Ok(quote! {
        #[automatically_derived]
        impl #core::event::Event for #ident {
            const TYPE: &'static str = #name;
            const VERSION: u32 = #version;
        }
    })
}

fn attributes(input: &DeriveInput) -> Result<(String, u32)> {
    let mut name = None;
    let mut version = None;
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("event")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("name") && name.is_none() {
                let text: LitStr = meta.value()?.parse()?;
                if text.value().is_empty() {
                    return Err(Error::new_spanned(text, "an event's name is not empty"));
                }
                name = Some(text.value());
                Ok(())
            } else if meta.path.is_ident("version") && version.is_none() {
                let number: LitInt = meta.value()?.parse()?;
                version = Some(number.base10_parse()?);
                Ok(())
            } else {
                Err(meta.error("expected `name = \"…\"` or `version = N`, each once"))
            }
        })?;
    }
    Ok((name.unwrap_or_else(|| input.ident.to_string()), version.unwrap_or(1)))
}
