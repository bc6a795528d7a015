//! The dimensions of the table, and their cross product.

/// An enum and the list of its values.
macro_rules! dimension {
    ($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $value:ident),* $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($(#[$what])* $value),* }
        impl $name {
            pub(crate) const ALL: &[Self] = &[$(Self::$value),*];
        }
    };
}

/// Whose threads the job runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pool {
    OneThread,
    TwoThreads,
    /// A view that runs one at a time, of a pool of two threads.
    Limited,
    /// The lane of one key, of a pool of two threads.
    Keyed,
    Inline,
    /// A thread that runs jobs by hand.
    Manual,
    Rayon,
    Tokio,
    Futures,
}

impl Pool {
    pub(crate) const ALL: [Self; 9] = [
        Self::OneThread,
        Self::TwoThreads,
        Self::Limited,
        Self::Keyed,
        Self::Inline,
        Self::Manual,
        Self::Rayon,
        Self::Tokio,
        Self::Futures,
    ];
}

dimension! {
    /// How the closure ends.
    Ends {
        Value,
        Panic,
        /// The payload's destructor panics.
        BadPayload,
        /// The value's destructor panics.
        BadValue,
    }
}

dimension! {
    /// When the task is cancelled.
    CancelAt {
        Never,
        BeforeStart,
        Running,
        /// After the closure has ended and before the release.
        Callback,
        After,
    }
}

dimension! {
    /// What becomes of the handle.
    Fate {
        /// Polled by a loop that parks.
        Awaited,
        /// Waited for by a blocked thread.
        Waited,
        Dropped,
        Detached,
        /// Shielded, and the shield is dropped.
        Shielded,
        /// Awaited with a limit that is never reached.
        Timeout,
        /// Asked for its result again and again.
        Looped,
    }
}

dimension! {
    /// Who watches.
    Observer {
        Nobody,
        Callback,
        /// With another one behind it.
        PanickingCallback,
        PanickingWaker,
        CallbackOn,
        OnAbandoned,
    }
}

dimension! {
    /// Whose reference to the task goes last.
    Last { Handle, Canceller, Job }
}

/// When something happens to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Queued,
    Running,
    Over,
}

/// One member of the cross product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) pool: Pool,
    pub(crate) ends: Ends,
    pub(crate) cancel: CancelAt,
    pub(crate) fate: Fate,
    pub(crate) observer: Observer,
    pub(crate) last: Last,
}

impl Case {
    /// The whole cross product on one executor.
    pub(crate) fn all(pool: Pool) -> impl Iterator<Item = Case> {
        let product = Ends::ALL.iter().flat_map(|ends| {
            CancelAt::ALL.iter().flat_map(move |cancel| {
                Fate::ALL.iter().flat_map(move |fate| {
                    Observer::ALL.iter().flat_map(move |observer| {
                        Last::ALL.iter().map(move |last| (*ends, *cancel, *fate, *observer, *last))
                    })
                })
            })
        });
        product.map(move |(ends, cancel, fate, observer, last)| Case {
            pool,
            ends,
            cancel,
            fate,
            observer,
            last,
        })
    }

    /// Somebody waits for the outcome.
    pub(crate) fn is_awaited(&self) -> bool {
        matches!(self.fate, Fate::Awaited | Fate::Waited | Fate::Timeout | Fate::Looped)
    }

    pub(crate) fn is_inline(&self) -> bool {
        self.pool == Pool::Inline
    }

    /// When the handle goes, if nobody waits: such that the last reference is the one wanted.
    pub(crate) fn lets_go_at(&self) -> Option<Moment> {
        if self.is_awaited() {
            return None;
        }
        Some(match self.last {
            _ if self.is_inline() => Moment::Over,
            Last::Canceller => Moment::Queued,
            Last::Job => Moment::Running,
            Last::Handle => Moment::Over,
        })
    }

    /// Whether the dimension that this value belongs to has it.
    pub(crate) fn has(&self, value: &str) -> bool {
        let Case { pool: _, ends, cancel, fate, observer, last } = self;
        [
            format!("{ends:?}"),
            format!("cancel {cancel:?}"),
            format!("fate {fate:?}"),
            format!("observer {observer:?}"),
            format!("last {last:?}"),
        ]
        .iter()
        .any(|own| own == value)
    }
}

/// All values of all dimensions, as `Case::has` knows them.
pub(crate) fn values() -> Vec<String> {
    let ends = Ends::ALL.iter().map(|value| format!("{value:?}"));
    let cancel = CancelAt::ALL.iter().map(|value| format!("cancel {value:?}"));
    let fate = Fate::ALL.iter().map(|value| format!("fate {value:?}"));
    let observer = Observer::ALL.iter().map(|value| format!("observer {value:?}"));
    let last = Last::ALL.iter().map(|value| format!("last {value:?}"));
    ends.chain(cancel).chain(fate).chain(observer).chain(last).collect()
}
