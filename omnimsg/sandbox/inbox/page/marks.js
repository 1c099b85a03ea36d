// The small marks: channels, providers, stages.

import { el } from "./dom.js";
import { channelClass, channelName, hue, initials, providerName } from "./format.js";
import { icon } from "./icons.js";

export const STAGE_ICONS = {
  scheduled: "clock", accepted: "check", sent: "check", delivered: "checks", read: "checks",
  failed: "alert", expired: "clock", cancelled: "minus", unused: "minus",
};

export const channelChip = (channel) => el("span", { class: `chip ${channelClass(channel)}` }, channelName(channel));
export const providerChip = (provider) => el("span", { class: "chip" }, providerName(provider));
export const avatar = (number) => el("span", { class: `avatar ${hue(number)}`, "aria-hidden": "true" }, initials(number));
export const ticks = (stage) => el("span", { class: `ticks ${stage}` }, icon(STAGE_ICONS[stage] ?? "check"), stage);

export const statusClass = (status, refused) =>
  status === null ? "none" : status >= 500 || status === 499 ? "danger" : status >= 400 || refused ? "danger" : status >= 300 ? "warn" : "good";
