//! From a path, or a key of a path-less value, to the definition that it names.

use super::message::OperationPath;
use crate::protocol::attr::{AttrPath, Bound, Container};
use crate::protocol::error::ScimError;
use crate::protocol::filter::ElementFilter;
use crate::protocol::ingest::at::At;
use crate::protocol::path::{self, PatchPath};
use crate::protocol::policy::Policy;
use crate::protocol::schema::{Attribute, Extension, TypeSchema, find};

/// What an operation works on.
#[derive(Debug)]
pub(super) enum Target<'s> {
    /// The whole container of an extension.
    Extension(&'s Extension),
    /// An attribute or a part of one.
    Attribute(Place<'s>),
}

/// An attribute, or a part of one.
#[derive(Debug)]
pub(super) struct Place<'s> {
    pub(super) container: Container<'s>,
    pub(super) attribute: &'s Attribute,
    pub(super) selector: Option<Selector<'s>>,
    pub(super) sub: Option<&'s Attribute>,
}

/// A value filter.
#[derive(Debug)]
pub(super) struct Selector<'s> {
    /// Which elements.
    pub(super) filter: ElementFilter<'s>,
    /// What an element that it would match consists of, where the filter says so: sub-attributes and values.
    pub(super) example: Option<Vec<(String, serde_json::Value)>>,
}

impl<'s> Place<'s> {
    /// A whole attribute.
    pub(super) fn whole(container: Container<'s>, attribute: &'s Attribute) -> Self {
        Place { container, attribute, selector: None, sub: None }
    }
}

/// What a path names; `None` where it names nothing and the policy skips such (Q-U27).
///
/// # Errors
/// 400 `invalidPath`, or `invalidFilter` where the value filter does not fit the attribute.
pub(super) fn of_path<'s>(
    schema: &'s TypeSchema,
    path: &OperationPath,
    policy: &Policy,
) -> Result<Option<Target<'s>>, ScimError> {
    match bind(schema, &path.parsed, policy)? {
        None if policy.skip_unknown_paths => Ok(None),
        None => Err(ScimError::invalid_path(format!(
            "`{}` names no attribute of resource type {}",
            path.text, schema.resource_type.name
        ))),
        found => Ok(found),
    }
}

/// What a key of a path-less value names; `None` where it names nothing.
///
/// # Errors
/// As [`of_path`], for a key that the policy reads as a path.
pub(super) fn of_key<'s>(
    schema: &'s TypeSchema,
    key: &str,
    policy: &Policy,
) -> Result<Option<Target<'s>>, ScimError> {
    if let Some(attribute) = schema.attribute(key) {
        return Ok(Some(Target::Attribute(Place::whole(Container::Core, attribute))));
    }
    if let Some(extension) = schema.extension(key) {
        return Ok(Some(Target::Extension(extension)));
    }
    let qualified = key.split('[').next().is_some_and(|head| head.contains(':'));
    let allowed = match qualified {
        true => policy.urn_keys,
        false if key.contains(['.', '[']) => policy.dotted_keys,
        false => policy.bare_extension_names,
    };
    match allowed {
        true => path::parse(key, policy).map_or(Ok(None), |path| bind(schema, &path, policy)),
        false => Ok(None),
    }
}

fn bind<'s>(
    schema: &'s TypeSchema,
    path: &PatchPath,
    policy: &Policy,
) -> Result<Option<Target<'s>>, ScimError> {
    let (container, attribute, attr_sub) = match schema.bind(&path.attr) {
        Ok(Bound::Container(extension)) if path.filter.is_none() && path.sub.is_none() => {
            return Ok(Some(Target::Extension(extension)));
        }
        Ok(Bound::Attribute { container, attribute, sub }) => (container, attribute, sub),
        _ => match bare_extension(schema, &path.attr, policy) {
            Some(found) => found,
            None => return Ok(None),
        },
    };
    let sub = match &path.sub {
        None => attr_sub,
        Some(name) => match attribute.sub(name) {
            Some(sub) => Some(sub),
            None => return Ok(None),
        },
    };
    let selector = match &path.filter {
        None => None,
        Some(_) if !attribute.multi_valued => {
            let at = At::In(container);
            return Err(ScimError::invalid_path(format!(
                "{} is singular, so that a filter cannot pick among its values",
                At::Member(&at, &attribute.name)
            )));
        }
        Some(filter) => Some(Selector {
            filter: ElementFilter::new(filter, attribute, policy)?,
            example: filter.eq_terms(),
        }),
    };
    Ok(Some(Target::Attribute(Place { container, attribute, selector, sub })))
}

/// An extension attribute named without its URN (Q-U11). The first extension that defines it counts.
fn bare_extension<'s>(
    schema: &'s TypeSchema,
    path: &AttrPath,
    policy: &Policy,
) -> Option<(Container<'s>, &'s Attribute, Option<&'s Attribute>)> {
    if !policy.bare_extension_names || path.schema.is_some() || schema.attribute(&path.name).is_some() {
        return None;
    }
    schema.extensions.iter().find_map(|extension| {
        let attribute = find(&extension.schema.attributes, &path.name)?;
        let sub = match &path.sub {
            Some(name) => Some(attribute.sub(name)?),
            None => None,
        };
        Some((Container::Extension(extension.schema.id.as_str()), attribute, sub))
    })
}
