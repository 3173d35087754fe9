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
}

impl Money {
    pub(super) fn balance(&self, token: Account, account: Account) -> Wei {
        self.balances.get(&(token, account)).copied().unwrap_or(0)
    }

    /// All that is free in `token`.
    pub(super) fn total(&self, token: Account) -> Wei {
        let from = (token, [0; 20]);
        let named = self.balances.map().range(from..).take_while(|((of, _), _)| *of == token).map(|(_, amount)| amount);
        named.sum()
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
        let rest = have.checked_sub(amount).ok_or(Violation::Overdrawn { token, account, have, want: amount })?;
        self.balances.set((token, account), rest);
        Ok(())
    }

    pub(super) fn checkpoint(&mut self, keep: usize) {
        self.balances.checkpoint(keep);
        self.absurd.checkpoint(keep);
    }

    pub(super) fn revert(&mut self) {
        self.balances.revert();
        self.absurd.revert();
    }
}
