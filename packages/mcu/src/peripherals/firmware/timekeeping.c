/*
 * Uses what keeps time or waits for silence the way ST's drivers do: RTC (calendar, alarm, wake-up timer),
 * TAMP's backup registers, CRS, the watch over VDD, USB up to its connection, WWDG, all by interrupt. What each step found
 * stands in `result`, in the order of the test; the bite of WWDG starts the program anew, which then
 * tells what it finds.
 */
#include "chip.h"

struct rtc {
	reg TR, DR, SSR, ICSR, PRER, WUTR, CR, gap0[2], WPR, gap1[6], ALRMAR, ALRMASSR, gap2[2], SR;
	reg MISR, SMISR, SCR;
};
struct wwdg { reg CR, CFR, SR; };
struct usb {
	reg GOTGCTL, GOTGINT, GAHBCFG, GUSBCFG, GRSTCTL, GINTSTS, GINTMSK, gap0[2], GRXFSIZ, DIEPTXF0;
	reg gap1[3], GCCFG;
};
struct usb_device { reg DCFG, DCTL, DSTS, gap0, DIEPMSK, DOEPMSK, DAINT, DAINTMSK; };
struct usb_endpoint { reg CTL, gap0, INT, gap1, TSIZ, gap2[3]; };

#define RTC ((struct rtc *)0x46007800)
#define BACKUP ((reg *)0x46007d00)
#define WWDG ((struct wwdg *)0x40002c00)
#define USB ((struct usb *)0x42040000)
#define USB_DIEPTXF ((reg *)0x42040104)
#define USB_DEVICE ((struct usb_device *)0x42040800)
#define USB_IN ((struct usb_endpoint *)0x42040900)
#define USB_OUT ((struct usb_endpoint *)0x42040b00)
#define USB_PCGCCTL (*(reg *)0x42040e00)
#define PWR_DBPR (*(reg *)0x46020828)
#define PWR_SVMCR (*(reg *)0x46020810)
#define PWR_SVMSR (*(reg *)0x4602083c)
#define RCC_BDCR (*(reg *)0x46020cf0)
#define RCC_CSR (*(reg *)0x46020cf4)

enum { WWDG_IRQ = 0, PVD_IRQ = 1, RTC_IRQ = 2, USB_IRQ = 73, CRS_IRQ = 74 };

static volatile int alarms, wakes;
enum { ALRA = 1, WUT = 4, INIT = 1 << 7, INITF = 1 << 6, RSF = 1 << 5, WUTWF = 4 };
enum { ALRAE = 1 << 8, WUTE = 1 << 10, ALRAIE = 1 << 12, WUTIE = 1 << 14 };

void rtc(void)
{
	uint32_t flags = RTC->MISR;
	RTC->SCR = flags;
	alarms += (flags & ALRA) != 0;
	wakes += (flags & WUT) != 0;
}

static void rtc_unlock(void)
{
	RTC->WPR = 0xca;
	RTC->WPR = 0x53;
}

static void backup_open(void)
{
	RCC_AHB3ENR |= 1 << 2;
	RCC_APB3ENR |= 1 << 21;
	PWR_DBPR = 1;
}

static void test_rtc(void)
{
	backup_open();
	RCC_BDCR |= 1;
	note((uint32_t)wait(&RCC_BDCR, 2));
	RCC_BDCR |= 1 << 8 | 1 << 15; /* RTC from LSE */
	rtc_unlock();
	RTC->ICSR |= INIT;
	note((uint32_t)wait(&RTC->ICSR, INITF));
	RTC->PRER = 3; /* hurried: 64 seconds in one; both fields by a write each */
	RTC->PRER |= 127 << 16;
	RTC->TR = 0x235958;
	RTC->DR = 0x26 << 16 | 4 << 13 | 0x1231; /* a Thursday */
	RTC->ICSR &= ~(uint32_t)INIT;
	note((uint32_t)wait(&RTC->ICSR, RSF));

	RTC->ALRMAR = 1u << 31; /* at midnight of any day */
	RTC->CR |= ALRAE | ALRAIE;
	enable_interrupt(RTC_IRQ);
	note((uint32_t)until(&alarms));
	note(RTC->TR);
	note(RTC->DR);
	RTC->CR &= ~(uint32_t)(ALRAE | ALRAIE);

	RTC->CR &= ~(uint32_t)WUTE;
	note((uint32_t)wait(&RTC->ICSR, WUTWF));
	RTC->WUTR = 19; /* 20 times 16 ticks of LSE */
	RTC->CR |= WUTE | WUTIE;
	for (int patience = 100000; wakes < 3 && patience > 0; patience--)
		;
	note((uint32_t)wakes);
	RTC->CR &= ~(uint32_t)(WUTE | WUTIE);
	RTC->WPR = 0xff;
	RTC->CR |= WUTE; /* locked */
	note(RTC->CR & WUTE);
	BACKUP[0] = 0x5afe;
	BACKUP[31] = 0xbacc;
}

static volatile uint32_t crs_flags;
static volatile int crs_events;
enum { SYNCOK = 1, ERR = 4, SYNCERR = 1 << 8, CEN = 1 << 5 };

void crs(void)
{
	crs_flags = CRS->ISR;
	CRS->ICR = 0xf;
	crs_events++;
}

static void crs_begin(uint32_t reload, uint32_t interrupts)
{
	crs_events = 0;
	CRS->CR = 0x4000;
	CRS->CFGR = 1 << 28 | 0x22 << 16 | reload; /* by LSE */
	CRS->ICR = 0xf;
	CRS->CR = 0x4000 | interrupts | CEN;
	note((uint32_t)until(&crs_events));
}

static void test_crs(void)
{
	RCC_CR |= 1 << 12;
	RCC_APB1ENR1 |= 1 << 24;
	enable_interrupt(CRS_IRQ);
	crs_begin(1464, SYNCOK | ERR);
	note(crs_flags & (SYNCOK | ERR));
	crs_begin(0xbb7f, SYNCOK | ERR); /* a reference 32 times too fast */
	note(crs_flags & (SYNCOK | ERR | SYNCERR));
	CRS->CR = 0x4000;
}

static volatile int low_supplies;
enum { PVDE = 16, PVDO = 16, PVD_LINE = 1 << 16 };

void pvd(void)
{
	EXTI->RPR1 = PVD_LINE;
	low_supplies++;
}

/* As HAL_PWR_ConfigPVD and HAL_PWR_EnablePVD: an interrupt when VDD falls below 2.8 V. */
static void test_supply(void)
{
	RCC_AHB3ENR |= 1 << 2;
	PWR_SVMCR = (PWR_SVMCR & ~0xf0u) | 5 << 5;
	EXTI->RTSR1 |= PVD_LINE;
	EXTI_IMR1 |= PVD_LINE;
	enable_interrupt(PVD_IRQ);
	PWR_SVMCR |= PVDE;
	note(PWR_SVMSR & PVDO);
	note((uint32_t)low_supplies);
	ask(1); /* VDD falls to 2.7 V */
	note(PWR_SVMSR & PVDO);
	note((uint32_t)low_supplies);
	ask(2); /* and is back */
	note(PWR_SVMSR & PVDO);
	PWR_SVMCR &= ~(uint32_t)PVDE;
}

static volatile int suspends;
static volatile uint32_t suspend_status;
enum { CSRST = 1, RXFFLSH = 16, TXFFLSH = 32, FHMOD = 1 << 29, FDMOD = 1 << 30, SDIS = 2 };
enum { USBSUSP = 1 << 11, ENDPOINTS = 6 };

void otg_fs(void)
{
	if (USB->GINTSTS & USB->GINTMSK & USBSUSP) {
		suspend_status = USB_DEVICE->DSTS & 1;
		USB->GINTSTS = USBSUSP;
		suspends++;
	}
}

static uint32_t usb_reset(uint32_t command)
{
	wait(&USB->GRSTCTL, 1u << 31);
	USB->GRSTCTL = command;
	for (int patience = 100000; USB->GRSTCTL & command & 0x3f && patience > 0; patience--)
		;
	return USB->GRSTCTL & command & 0x3f;
}

/* As HAL_PCD_Init: reset the core, device mode, no endpoint yet, disconnected. */
static void usb_init(void)
{
	RCC_AHB3ENR |= 1 << 2;
	PWR_SVMCR |= 1 << 28;
	RCC_AHB2ENR1 |= 1 << 14;
	USB->GAHBCFG &= ~1u;
	USB->GUSBCFG |= 1 << 6;
	note(usb_reset(CSRST));
	USB->GCCFG |= 1 << 16;
	USB->GUSBCFG = (USB->GUSBCFG & ~(uint32_t)FHMOD) | FDMOD;
	note(USB->GINTSTS & 1);
	for (int i = 0; i < ENDPOINTS - 1; i++)
		USB_DIEPTXF[i] = 0;
	USB_DEVICE->DCTL |= SDIS;
	USB->GOTGCTL |= 1 << 6 | 1 << 7;
	USB_PCGCCTL = 0;
	USB_DEVICE->DCFG |= 3;
	note(usb_reset(TXFFLSH | 16 << 6) | usb_reset(RXFFLSH));
	USB_DEVICE->DIEPMSK = USB_DEVICE->DOEPMSK = USB_DEVICE->DAINTMSK = 0;
	for (int i = 0; i < ENDPOINTS; i++) {
		USB_IN[i].CTL = USB_OUT[i].CTL = 0;
		USB_IN[i].TSIZ = USB_OUT[i].TSIZ = 0;
		USB_IN[i].INT = USB_OUT[i].INT = 0xfb7f;
	}
	USB->GINTMSK = 0;
	USB->GINTSTS = 0xbfffffff;
	USB->GINTMSK = 1 << 4 | USBSUSP | 3 << 12 | 3 << 18 | 3 << 20 | 1u << 31;
}

static void test_usb(void)
{
	usb_init();
	enable_interrupt(USB_IRQ);
	USB->GRXFSIZ = 0x80; /* as an application divides the FIFO */
	USB->DIEPTXF0 = 0x40 << 16 | 0x80;
	USB_DIEPTXF[0] = 0x80 << 16 | 0xc0;
	USB->GAHBCFG |= 1; /* as HAL_PCD_Start */
	USB_PCGCCTL &= ~3u;
	USB_DEVICE->DCTL &= ~(uint32_t)SDIS;
	note((uint32_t)until(&suspends)); /* a cable, and no host */
	note(suspend_status);
	USB_DEVICE->DCTL |= SDIS;
}

static volatile int warnings;
static const uint32_t WWDGRSTF = 1u << 30, IWDGRSTF = 1u << 29;

void wwdg(void)
{
	WWDG->SR = 0;
	if (++warnings < 3)
		WWDG->CR = 0x4f;
	BACKUP[1] = (uint32_t)warnings;
}

static void start_wwdg(void)
{
	RCC_APB1ENR1 |= 1 << 11;
	enable_interrupt(WWDG_IRQ);
	WWDG->CR = 1 << 7 | 0x4f;
	WWDG->CFR = 1 << 9 | 0x7f;
	for (;;)
		;
}

static void after_wwdg(void)
{
	backup_open();
	note(RCC_CSR & (WWDGRSTF | IWDGRSTF));
	RCC_CSR |= 1 << 23;
	note(RCC_CSR >> 25);
	note(BACKUP[0] | BACKUP[31] << 16);
	note(BACKUP[1]);
	note(RTC->DR);
	RCC_APB1ENR1 |= 1 << 11;
	note(WWDG->CR & 1 << 7);
}

int main(void)
{
	if (RCC_CSR & WWDGRSTF) {
		after_wwdg();
		result[0] = 0x600d;
		return 0;
	}
	test_rtc();
	test_crs();
	test_supply();
	test_usb();
	ask(3); /* what was found so far is read */
	start_wwdg();
	return 0;
}
