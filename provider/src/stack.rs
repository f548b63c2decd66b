//! A stack of table places that any thread may push to and pop from without a lock. The places keep the links; the stack is
//! one word: the top place and a count of changes, so that a top that went and came back is not taken for the same.
//! It must not know what a place holds.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// What a place keeps for the stack it is on. A place is on one stack at a time. All zeros is a link.
#[derive(Default)]
pub struct Link {
    next: AtomicU32,
    depth: AtomicU32,
}

/// The top: place in the low half (0 = empty, so place 0 is never pushed), number of changes in the high half.
#[derive(Default)]
pub struct Stack(AtomicU64);

/// Places linked to each other, on no stack yet.
#[derive(Default)]
pub struct Chain {
    ends: Option<(usize, usize)>,
}

impl Chain {
    /// Puts a place in front.
    pub fn add<'a>(&mut self, place: usize, links: impl Fn(usize) -> &'a Link) {
        let link = links(place);
        link.depth.store(0, Ordering::Relaxed);
        self.ends = Some(match self.ends {
            None => (place, place),
            Some((first, last)) => {
                link.next.store(first as u32, Ordering::Relaxed);
                (place, last)
            }
        });
    }
}

const PLACE: u64 = 0xFFFF_FFFF;

fn top(head: u64) -> Option<usize> {
    let place = (head & PLACE) as usize;
    (place != 0).then_some(place)
}

fn changed(head: u64, place: u32) -> u64 {
    ((head >> 32).wrapping_add(1) << 32) | u64::from(place)
}

impl Stack {
    /// Pushes a place; answers how many are on the stack then.
    pub fn push<'a>(&self, place: usize, links: impl Fn(usize) -> &'a Link) -> usize {
        let link = links(place);
        let mut head = self.0.load(Ordering::Acquire);
        loop {
            let below = top(head).map_or(0, |place| links(place).depth.load(Ordering::Relaxed));
            link.next.store((head & PLACE) as u32, Ordering::Relaxed);
            link.depth.store(below + 1, Ordering::Relaxed);
            let new = changed(head, place as u32);
            match self.0.compare_exchange_weak(head, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return below as usize + 1,
                Err(other) => head = other,
            }
        }
    }

    /// Pushes many places in one step. They do not count in what `push` answers.
    pub fn push_chain<'a>(&self, chain: Chain, links: impl Fn(usize) -> &'a Link) {
        let Some((first, last)) = chain.ends else { return };
        let mut head = self.0.load(Ordering::Acquire);
        loop {
            links(last).next.store((head & PLACE) as u32, Ordering::Relaxed);
            let new = changed(head, first as u32);
            match self.0.compare_exchange_weak(head, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return,
                Err(other) => head = other,
            }
        }
    }

    /// Pops the top place.
    pub fn pop<'a>(&self, links: impl Fn(usize) -> &'a Link) -> Option<usize> {
        let mut head = self.0.load(Ordering::Acquire);
        loop {
            let place = top(head)?;
            // Another thread may pop it and push it again meanwhile; then the exchange fails by the count.
            let next = links(place).next.load(Ordering::Relaxed);
            match self.0.compare_exchange_weak(head, changed(head, next), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(place),
                Err(other) => head = other,
            }
        }
    }

    /// Takes every place off the stack; answers them, the latest first. A place may be pushed again once it was answered.
    pub fn take_all<'a>(&self, links: impl Fn(usize) -> &'a Link) -> impl Iterator<Item = usize> {
        let mut head = self.0.load(Ordering::Acquire);
        while let Err(other) = self.0.compare_exchange_weak(head, changed(head, 0), Ordering::AcqRel, Ordering::Acquire)
        {
            head = other;
        }
        let mut next = top(head);
        std::iter::from_fn(move || {
            let place = next?;
            next = top(u64::from(links(place).next.load(Ordering::Relaxed)));
            Some(place)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_stack(steps in proptest::collection::vec(0u8..5, 0..200)) {
            let links: Vec<Link> = (0..=3 * steps.len()).map(|_| Link::default()).collect();
            let (stack, mut model, mut fresh) = (Stack::default(), Vec::new(), 1);
            for step in steps {
                match step {
                    0 | 1 => {
                        model.push(fresh);
                        stack.push(fresh, |at| &links[at]);
                        fresh += 1;
                    }
                    2 => prop_assert_eq!(stack.pop(|at| &links[at]), model.pop()),
                    3 => {
                        let mut chain = Chain::default();
                        for place in fresh..fresh + 3 {
                            chain.add(place, |at| &links[at]);
                        }
                        stack.push_chain(chain, |at| &links[at]);
                        model.extend(fresh..fresh + 3);
                        fresh += 3;
                    }
                    _ => {
                        model.reverse();
                        let all: Vec<usize> = stack.take_all(|at| &links[at]).collect();
                        prop_assert_eq!(all, std::mem::take(&mut model));
                    }
                }
            }
        }
    }

    #[test]
    fn a_push_answers_how_many_were_pushed() {
        let links: Vec<Link> = (0..9).map(|_| Link::default()).collect();
        let stack = Stack::default();
        let counts: Vec<usize> = (1..9).map(|place| stack.push(place, |at| &links[at])).collect();
        assert_eq!(counts, (1..9).collect::<Vec<_>>());
    }

    #[test]
    fn threads_never_get_one_place_twice() {
        let links: Vec<Link> = (0..65).map(|_| Link::default()).collect();
        let held: Vec<AtomicU32> = (0..65).map(|_| AtomicU32::new(0)).collect();
        let stack = Stack::default();
        for place in 1..65 {
            stack.push(place, |at| &links[at]);
        }
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        let Some(place) = stack.pop(|at| &links[at]) else { continue };
                        assert_eq!(held[place].fetch_add(1, Ordering::SeqCst), 0);
                        held[place].fetch_sub(1, Ordering::SeqCst);
                        stack.push(place, |at| &links[at]);
                    }
                });
            }
        });
        let mut all: Vec<usize> = stack.take_all(|at| &links[at]).collect();
        all.sort_unstable();
        assert_eq!(all, (1..65).collect::<Vec<_>>());
    }
}
