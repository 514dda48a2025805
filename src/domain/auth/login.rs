//! Login with a password.

use std::net::IpAddr;
use std::sync::Arc;

use crate::domain::accounts::users_file;
use crate::domain::audit;
use crate::domain::sessions::lifecycle;
use crate::domain::sharing::share_link_visits;
use crate::error::{Error, Result};
use crate::model::actor::Actor;
use crate::model::actor::{Client, network_of};
use crate::model::known_device::{KNOWN_DEVICE_LIFETIME, KnownDevice};
use crate::model::users_file::UsersFileEntry;
use crate::model::{Event, Origin, Password, SessionKind, User, UserId, now};
use crate::msg;
use crate::state::Services;
use crate::state::login_throttle::{LoginAttempt, account_key};
use crate::state::password_algorithms::{self, HashCheck};
use crate::state::rate_limiter::Bucket;
use crate::store;
use crate::sync::run_on_blocking_pool;

/// Checks username (or email) and password and signs the user in; returns the session token. `devices` are those marks of
/// earlier logins that the client has sent.
///
/// # Errors
/// `BadCredentials`, identical and after the same time for an unknown user and a wrong password;
/// `NotActive` only after the correct password; `TooManyRequests` after five wrong ones.
pub async fn log_in(
    services: &Arc<Services>,
    login: &str,
    password: &str,
    kind: SessionKind,
    client: Client,
    devices: &[KnownDevice],
) -> Result<(User, String)> {
    let (login_account, device) = {
        let (services, login) = (services.clone(), login.to_owned());
        let (devices, address) = (devices.to_vec(), client.address);
        run_on_blocking_pool(move || {
            let account = find_account(&services, &login)?;
            // Without an account the same is looked up, which takes as long and finds nothing.
            let id = match &account {
                Some(account) => account.id(&services)?.unwrap_or(NOBODY),
                None => NOBODY,
            };
            let device = find_known_device(&services, id, &devices, address)?;
            Ok((account, device))
        })
        .await?
    };

    // Limits before the expensive hash. Username and email address of an account count together. What is typed gets a prefix,
    // so that no text that a client sends is the name of another limit.
    let limited =
        login_account.as_ref().map_or_else(|| format!("typed {login}"), LoginAccount::key);
    let attempt = begin_attempt(services, &limited, device, client.address)?;

    let hash = login_account.as_ref().map(|login_account| login_account.hash().to_owned());

    // An unknown username may be a password typed into the wrong field, so it is not recorded.
    let name = login_account.as_ref().map(|login_account| login_account.username().to_owned());
    let verified = services.password_hasher.verify(hash, password, client.address).await?;
    let verdict = verified.check;

    let (Some(login_account), HashCheck::Right | HashCheck::RightButOld) = (login_account, verdict)
    else {
        // Counts a failed login.
        services.metrics.record_login(false);
        tracing::info!(address = %client.address, "wrong password or name");
        let subject = name.unwrap_or_else(|| "(nobody of that name)".into());
        if services.refused_logins.count(&subject, client.address) {
            let services = services.clone();
            run_on_blocking_pool(move || {
                let actor = Actor::anonymous(&client);
                record_refusal(&services, &actor, &subject, "wrong password")
            })
            .await?;
        }
        // The time must not tell what kind of hash the account has.
        tokio::time::sleep_until(verified.refuse_at.into()).await;
        return Err(Error::BadCredentials);
    };

    // The password is right, so this attempt does not count as a wrong one.
    attempt.forgive();

    // A hash in an older format is replaced after a successful login.
    let new_hash = match (&login_account, verdict) {
        (LoginAccount::Database(user), HashCheck::RightButOld) if user.status.block().is_none() => {
            Some(upgrade_hash(services, password, &client).await?)
        }
        _ => None,
    };

    let services = services.clone();
    run_on_blocking_pool(move || {
        let (user, token) = services.db.write(|conn| {
            let at = now();
            let user = match &login_account {
                // The password may have changed since it was verified; and of two simultaneous logins that
                // both upgrade an old hash, the second is asked to try again.
                LoginAccount::Database(verified_user) => {
                    store::users::update_lock(conn, verified_user.id)?;
                    match store::users::find(conn, verified_user.id)? {
                        Some(user) if user.password == verified_user.password => user,
                        Some(_) if verdict == HashCheck::RightButOld => {
                            return Err(Error::Unavailable(msg!("The password is being changed.")));
                        }
                        _ => return Err(Error::BadCredentials),
                    }
                }
                LoginAccount::UsersFile(entry) => {
                    users_file::create_from_entry(&services, conn, entry)?
                }
            };

            // The status is revealed only to someone with the correct password.
            if user.status.block().is_some() {
                let state = user.status.as_str();
                audit::append(
                    conn,
                    Event::LogInRefused,
                    &Actor::from_user(&user, &client),
                    &user.username,
                    state,
                )?;
                // Not an error yet: that would roll back the audit row.
                return Ok((user, None));
            }

            if let Some(hash) = &new_hash {
                store::users::update_password(conn, user.id, hash, at)?;
            }
            let token = lifecycle::begin(conn, user.id, kind, &client, at)?;

            audit::append(
                conn,
                Event::LoggedIn,
                &Actor::from_user(&user, &client),
                &user.username,
                &client.device,
            )?;
            Ok((user, Some(token)))
        })?;

        // The cached sessions contain the previous row.
        services.session_cache.invalidate_user(user.id);

        match (token, user.status.block()) {
            (Some(token), _) => {
                // Counts a successful login.
                services.metrics.record_login(true);
                tracing::info!(user = user.id.0, "logged in");
                Ok((user, token))
            }
            (None, Some(account_block)) => Err(Error::NotActive(account_block)),
            (None, None) => Err(Error::internal("no token for an active user")),
        }
    })
    .await
}

/// Counts an attempt. Strangers do not count against a device that has logged in before.
fn begin_attempt(
    services: &Services,
    limited: &str,
    device: Option<(String, Option<IpAddr>)>,
    address: IpAddr,
) -> Result<LoginAttempt> {
    match device {
        Some((device, network)) => {
            let key = format!("device {device} of {limited}");
            services.rate_limiter.check_named(Bucket::LogIn, &key)?;
            services.login_throttle.begin_known_attempt(limited, &device, network)
        }
        None => {
            services.rate_limiter.check_named(Bucket::LogIn, limited)?;
            services.login_throttle.begin_attempt(limited, address)
        }
    }
}

fn record_refusal(services: &Services, actor: &Actor, subject: &str, detail: &str) -> Result<()> {
    services.db.write(|conn| audit::append(conn, Event::LogInRefused, actor, subject, detail))
}

/// Records the refused logins that were merged for ten minutes, or all of them when the server stops.
pub fn write_merged_refusals(services: &Services, all: bool) -> Result<()> {
    for merged in services.refused_logins.take(all) {
        let client = Client { address: merged.address, device: String::new() };
        let times = match merged.count {
            1 => "once more".to_owned(),
            count => format!("{count} more times"),
        };
        let detail = format!("wrong password, {times} within ten minutes");
        let actor = Actor::anonymous(&client);
        match share_link_visits::refused_link(&merged.subject) {
            Some(link) => share_link_visits::write_refusals(services, &actor, link, &detail)?,
            None => record_refusal(services, &actor, &merged.subject, &detail)?,
        }
    }
    Ok(())
}

/// An account whose password can be verified.
enum LoginAccount {
    Database(Box<User>),
    UsersFile(UsersFileEntry),
}

impl LoginAccount {
    fn username(&self) -> &str {
        match self {
            Self::Database(user) => &user.username,
            Self::UsersFile(entry) => &entry.username,
        }
    }

    /// The id of the account's row. A user of the users file has one after the first login.
    fn id(&self, services: &Services) -> Result<Option<UserId>> {
        match self {
            Self::Database(user) => Ok(Some(user.id)),
            Self::UsersFile(entry) => Ok(find(services, &entry.username)?.map(|user| user.id)),
        }
    }

    /// The name under which attempts are limited.
    fn key(&self) -> String {
        match self {
            Self::Database(user) => account_key(user.id),
            Self::UsersFile(entry) => format!("users file entry {}", entry.username),
        }
    }

    fn hash(&self) -> &str {
        match self {
            Self::Database(user) => &user.password,
            Self::UsersFile(entry) => &entry.hash,
        }
    }
}

/// Finds an account by username or email; an entry of the users file precedes a row of the same name.
fn find_account(services: &Services, login: &str) -> Result<Option<LoginAccount>> {
    if let Some(entry) = services.users_file.find(login) {
        return Ok(Some(LoginAccount::UsersFile(entry)));
    }
    let user = find(services, login)?;
    let user = match user {
        // The login is the email in the row of a user of the users file, where the valid password hash is.
        Some(user) if user.origin == Origin::File => {
            return Ok(services.users_file.find(&user.username).map(LoginAccount::UsersFile));
        }
        other => other,
    };
    Ok(user.map(|user| LoginAccount::Database(Box::new(user))))
}

/// Finds an account by username or email. The password is not checked.
pub fn find(services: &Services, login: &str) -> Result<Option<User>> {
    services.db.read(|conn| Ok(store::users::find_by_login(conn, login)?))
}

async fn upgrade_hash(services: &Services, password: &str, client: &Client) -> Result<String> {
    // An old password may violate today's rules.
    let password = Password::parse_existing(password);
    services.password_hasher.hash(&password, Some(client.address)).await
}

/// An id that no account has.
const NOBODY: UserId = UserId(0);

/// The device that an attempt comes from, if it has logged in to the account in the last 30 days: by the mark in its
/// cookie, or by the network of a session. A network is returned as well, because others may share it.
fn find_known_device(
    services: &Services,
    account: UserId,
    devices: &[KnownDevice],
    address: IpAddr,
) -> Result<Option<(String, Option<IpAddr>)>> {
    let at = now();
    let marked = devices.iter().find(|device| device.is_known(account, at));
    if let Some(device) = marked {
        return Ok(Some((device.id.clone(), None)));
    }
    let since = at - KNOWN_DEVICE_LIFETIME;
    let addresses =
        services.db.read(|conn| Ok(store::sessions::list_addresses(conn, account, since)?))?;
    let network = network_of(address);
    let is_known = addresses
        .iter()
        .filter_map(|address| address.parse().ok())
        .any(|address| network_of(address) == network);
    Ok(is_known.then(|| (network.to_string(), Some(network))))
}

/// Measures how long verifying takes for every kind of hash that an account has, so that refusals take as long.
pub fn measure_hashes(services: &Services) -> Result<()> {
    let current = password_algorithms::current_parameters();
    let mut hashes =
        services.db.read(|conn| Ok(store::users::list_other_hashes(conn, &current)?))?;
    if let Some(file) = services.users_file.current() {
        hashes.extend(file.entries.values().map(|entry| entry.hash.clone()));
    }
    services.password_hasher.measure(hashes.iter().map(String::as_str));
    Ok(())
}
