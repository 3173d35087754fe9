//! Who has what: the twin of `contracts/Escrow.sol`.

use crate::market::Violation;
use crate::market::kept::Kept;
use crate::{Account, Wei};

/// Where burned stake is credited; nobody can withdraw it.
pub const BURNED: Account = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xde, 0xad];

/// Free balances per token and account.
#[derive(Clone, Debug, Default)]
pub(super) struct Money {
    balances: Kept<(Account, Account), Wei>,
    /// Tokens with amounts beyond 128 bits. They are worth nothing, and not counted.
    absurd: Kept<Account, ()>,
    /// Paid out of slashes and forfeits to whoever called, whom the events do not name. Whoever spends more of the token
    /// than is known of is taken to be one of them.
    unnamed: Kept<Account, Wei>,
}

impl Money {
    pub(super) fn balance(&self, token: Account, account: Account) -> Wei {
        self.balances.get(&(token, account)).copied().unwrap_or(0)
    }

    /// All that is free in `token`, the unnamed included.
    pub(super) fn total(&self, token: Account) -> Wei {
        let from = (token, [0; 20]);
        let named = self.balances.map().range(from..).take_while(|((of, _), _)| *of == token).map(|(_, amount)| amount);
        named.sum::<Wei>() + self.unnamed.get(&token).copied().unwrap_or(0)
    }

    pub(super) fn credit(&mut self, token: Account, account: Account, amount: Wei) {
        if amount == 0 || self.absurd.get(&token).is_some() {
            return;
        }
        match self.balance(token, account).checked_add(amount) {
            Some(balance) if balance != Wei::MAX => self.balances.set((token, account), balance),
            _ => self.absurd.set(token, ()),
        }
    }

    pub(super) fn debit(&mut self, token: Account, account: Account, amount: Wei) -> Result<(), Violation> {
        if amount == 0 || self.absurd.get(&token).is_some() {
            return Ok(());
        }
        let have = self.balance(token, account);
        let missing = amount.saturating_sub(have);
        if missing > 0 {
            let unnamed = self.unnamed.get(&token).copied().unwrap_or(0);
            let Some(rest) = unnamed.checked_sub(missing) else {
                return Err(Violation::Overdrawn { token, account, have: have.saturating_add(unnamed), want: amount });
            };
            self.unnamed.set(token, rest);
        }
        self.balances.set((token, account), have.saturating_sub(amount));
        Ok(())
    }

    pub(super) fn credit_unnamed(&mut self, token: Account, amount: Wei) {
        if amount > 0 {
            *self.unnamed.edit_or_default(token) += amount;
        }
    }

    pub(super) fn checkpoint(&mut self, keep: usize) {
        self.balances.checkpoint(keep);
        self.absurd.checkpoint(keep);
        self.unnamed.checkpoint(keep);
    }

    pub(super) fn revert(&mut self) {
        self.balances.revert();
        self.absurd.revert();
        self.unnamed.revert();
    }
}
