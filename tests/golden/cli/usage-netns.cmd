# SPDX-License-Identifier: GPL-2.0-or-later
poise --netns no-such-namespace get; poise --netns /no/such/path get; poise --netns lb confirm
