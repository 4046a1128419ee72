//! How many of something each tenant has, and each principal: one that takes all it can leaves some for the others.

use std::{collections::HashMap, hash::Hash, sync::Arc};

use callboard_orchestra::Tenant;

/// What is held, and the bounds on it.
#[derive(Debug)]
pub struct Shares {
    of_tenant_max: usize,
    of_principal_max: usize,
    of_tenant: HashMap<Tenant, usize>,
    of_principal: HashMap<(Tenant, Arc<str>), usize>,
}

impl Shares {
    pub fn new(of_tenant_max: usize, of_principal_max: usize) -> Self {
        Self {
            of_tenant_max,
            of_principal_max,
            of_tenant: HashMap::new(),
            of_principal: HashMap::new(),
        }
    }

    /// Counts one more of the tenant's principal `name`. Answers false when it, or the tenant, has its share.
    pub fn take(&mut self, tenant: &Tenant, name: &Arc<str>) -> bool {
        let who = (tenant.clone(), name.clone());
        let held = |count: Option<&usize>| count.copied().unwrap_or_default();
        let of_tenant = held(self.of_tenant.get(tenant));
        let of_principal = held(self.of_principal.get(&who));
        if of_tenant >= self.of_tenant_max || of_principal >= self.of_principal_max {
            return false;
        }
        self.of_tenant.insert(tenant.clone(), of_tenant + 1);
        self.of_principal.insert(who, of_principal + 1);
        true
    }

    /// One of those taken is free.
    pub fn release(&mut self, tenant: &Tenant, name: &Arc<str>) {
        one_less(&mut self.of_tenant, tenant);
        one_less(&mut self.of_principal, &(tenant.clone(), name.clone()));
    }
}

fn one_less<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_and_a_tenant_have_their_share_and_the_others_theirs() {
        let mut shares = Shares::new(3, 2);
        let (a, b) = (Tenant::new("a"), Tenant::new("b"));
        let [kim, lee, pat] = ["kim", "lee", "pat"].map(Arc::<str>::from);
        assert!(shares.take(&a, &kim) && shares.take(&a, &kim));
        assert!(!shares.take(&a, &kim));
        assert!(shares.take(&a, &lee));
        assert!(!shares.take(&a, &pat));
        assert!(shares.take(&b, &kim));
        shares.release(&a, &kim);
        assert!(shares.take(&a, &pat));
        assert!(!shares.take(&a, &kim));
        for name in [&kim, &lee, &pat] {
            shares.release(&a, name);
        }
        shares.release(&b, &kim);
        assert!(shares.of_tenant.is_empty() && shares.of_principal.is_empty());
    }
}
