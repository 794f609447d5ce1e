//! The server's promises, over real HTTP and real files.

#[cfg(test)]
mod acting;
#[cfg(test)]
mod clearing;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod encrypted;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod idle;
#[cfg(test)]
mod incidents;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod living;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod partners;
#[cfg(test)]
mod photos;
#[cfg(test)]
mod presence;
#[cfg(test)]
mod program;
#[cfg(test)]
mod providers;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod restoring;
#[cfg(test)]
mod rings;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod sites;
#[cfg(test)]
mod slow;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod support;
#[cfg(test)]
mod told;
#[cfg(test)]
mod upgraded;
#[cfg(test)]
mod visibility;
#[cfg(test)]
mod withheld;
