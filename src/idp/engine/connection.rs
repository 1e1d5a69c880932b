//! The connection test that comes before anything else.

use super::Engine;
use super::wire::{Failure, FailureKind, Talk, Wire};
use crate::idp::dialect::{Accepts, Dice};

impl Engine {
    /// Tests the connection as an administrator does.
    ///
    /// # Errors
    /// The product would not accept the target, and why.
    pub async fn test_connection<W: Wire>(&self, wire: &W) -> Result<(), Box<Failure>> {
        let dice = Dice::of(self.settings.seed, "connection test");
        let mut talk = Talk::new(self.speech, wire, dice);
        let probes = self.speech.connection_test(self.groups().is_some(), &mut talk.dice);
        let mut made = Vec::new();
        let mut result = Ok(());
        for probe in probes {
            let shown = probe.request.clone();
            match probe.accepts {
                Accepts::List | Accepts::ListOrNotFound | Accepts::Created if result.is_err() => {}
                Accepts::List => result = talk.page(probe.request).await.map(drop),
                Accepts::ListOrNotFound => {
                    let reply = talk.ask(probe.request).await;
                    result = match reply {
                        Ok(reply) if matches!(reply.status, 200 | 404) => Ok(()),
                        Ok(_) => {
                            Err(talk.wrong(&shown, "is answered with neither 200 nor 404", FailureKind::Job))
                        }
                        Err(failure) => Err(failure),
                    };
                }
                Accepts::Object => {
                    result = match talk.read(probe.request).await {
                        Ok(Some(_)) => Ok(()),
                        Ok(None) => Err(talk.wrong(&shown, "is answered with 404", FailureKind::Job)),
                        Err(failure) => Err(failure),
                    };
                }
                Accepts::Created => match talk.create(probe.request).await {
                    Ok((id, _)) => made.push((shown, id)),
                    Err(failure) => result = Err(failure),
                },
                Accepts::Anything => {
                    let reply = talk.ask(probe.request).await;
                    if let Err(failure) = reply {
                        result = Err(failure);
                    }
                }
            }
        }
        // What a test created, it deletes again (Q-T08).
        for (created, id) in made.into_iter().rev() {
            let is_group = created.target.starts_with("/Groups");
            let request = match is_group {
                true => self.speech.delete_group(&id),
                false => Some(self.speech.delete_user(&id)),
            };
            let Some(request) = request else { continue };
            let mut deleted = talk.change(request).await.map(drop);
            // A test user that cannot be deleted is set inactive (Q-D09).
            if deleted.is_err()
                && !is_group
                && let Some(request) = self.speech.disable_test_user(&id, &created)
            {
                deleted = talk.change(request).await.map(drop);
            }
            result = result.and(deleted);
        }
        result.map_err(Box::new)
    }
}
