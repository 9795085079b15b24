//! `#[derive(Emit)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Ident, Result, Type, Variant};

/// The implementation for one enum; `core` is where the trait is found.
pub(crate) fn derive(input: DeriveInput, core: &TokenStream) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        let text = "`Emit` is derived for enums; a struct is emitted by `#[derive(Event)]`";
        return Err(Error::new_spanned(&input.ident, text));
    };
    let variants: Vec<_> = data.variants.iter().map(payload).collect::<Result<_>>()?;
    let names = variants.iter().map(|(name, _)| name);
    let types = variants.iter().map(|(_, ty)| ty);
    let ident = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #generics #core::handler::Emit for #ident #arguments #bounds {
            fn emit(
                self,
                outputs: &mut ::std::vec::Vec<#core::event::Output>,
            ) -> ::std::result::Result<(), #core::handler::Failure> {
                match self {
                    #(Self::#names(payload) => #core::handler::Emit::emit(payload, outputs),)*
                }
            }

            fn types(types: &mut ::std::vec::Vec<&'static str>) {
                #(<#types as #core::handler::Emit>::types(types);)*
            }
        }
    })
}

fn payload(variant: &Variant) -> Result<(&Ident, &Type)> {
    if let Fields::Unnamed(fields) = &variant.fields
        && let Some(field) = fields.unnamed.first()
        && fields.unnamed.len() == 1
    {
        return Ok((&variant.ident, &field.ty));
    }
    let text =
        "each variant holds one unnamed value: `Paid(Paid)`; nothing to emit is `Nothing(())`";
    Err(Error::new_spanned(variant, text))
}
